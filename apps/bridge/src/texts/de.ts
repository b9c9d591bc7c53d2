import type { Texts } from './en.js';
import { numbersIn } from './numbers.js';
import { code, listed, name, type Rich, say, strong } from './rich.js';

const { number, counted, plural } = numbersIn('de-DE');

const connections = { one: 'Verbindung', other: 'Verbindungen' };
const days = { one: 'Tag', other: 'Tage' };

/** Everything that the pages say, in German. */
export const de: Texts = {
  times: {
    locale: 'de-DE',
    minute: '{date}, {clock}',
    instant: '{clock} am {day}',
    today: 'heute um {clock}',
    yesterday: 'gestern um {clock}',
    earlier: 'am {day} um {clock}',
  },
  scopes: {
    'messages.read': 'Ihre Unterhaltungen lesen und neue Nachrichten empfangen',
    'messages.send': 'Nachrichten in Ihrem Namen senden',
    'contacts.read': 'Sehen, wer Ihre Kontakte sind',
    'presence.read': 'Sehen, welche Ihrer Kontakte online sind',
    profile: 'Ihren Namen sehen',
    'recommendations.send': 'Ihren Kontakten in einer Nachricht von Ihnen Titel empfehlen',
    'public.read': 'Sehen, was Ihre Kontakte öffentlich teilen',
  },

  layout: {
    skip: 'Zum Inhalt springen',
    footer: (connectedApps) =>
      say`${connectedApps('Verbundene Apps')}: Sehen Sie, was Sie erlaubt haben, und beenden Sie es.`,
    printed: (address, at) => say`${address}, ${at}`,
  },

  start: {
    title: 'Ihre Nachrichten in anderen Apps, solange Sie es wollen',
    lead: 'Mit Drawbridge kann die App eines Partners Ihre Nachrichten anzeigen und senden, nachdem Sie sich angemeldet und gesagt haben, was sie darf. Sie können das jederzeit beenden und erfahren, seit wann es gilt.',
    apps: 'Ihre verbundenen Apps ansehen',
    device: 'Eine App auf einem Fernseher oder anderen Gerät mit ihrem Code verbinden',
    demoPeople: (people, password) =>
      say`Auf dieser Bridge gibt es Demo-Personen: Melden Sie sich als ${people} an, mit dem Passwort ${password}.`,
    people: (logins) => listed(logins, 'oder'),
    developers: 'Sie entwickeln eine App',
    developersLead: (sdk, sdkDocs) =>
      say`Lassen Sie Ihre App von den Betreibern dieser Bridge registrieren. Beginnen Sie dann mit dem SDK, ${sdk}: Der Schnellstart in ${sdkDocs} ist ein eigener Client in weniger als 30 Zeilen.`,
    socket: (subprotocol) => say`WebSocket, Unterprotokoll ${subprotocol}`,
    signIn: 'Anmeldung (OAuth 2.1, OpenID Connect)',
    protocol: 'Das Protokoll: Frames, Befehle, Ereignisse',
    protocolAlso: (asyncapi, docs) => say`${asyncapi} (AsyncAPI 3), und in Worten ${docs}`,
    errors: 'Fehler- und Schließcodes',
    errorsLink: 'Was jeder bedeutet und was zu tun ist',
    operators: 'Sie betreiben diese Bridge',
    operatorsLead: (host, port) =>
      say`Für Betreiber gibt es einen eigenen Listener, getrennt von diesem: Seine Adresse steht in den Einstellungen ${host} und ${port}, und der Prozess gibt sie beim Start aus.`,
    operatorsCommand: (command, docs) =>
      say`Der Befehl ${command} zeigt und ändert Partner, Apps, Einwilligungen und Gateways (${docs}).`,
    operatorsOver: (api, docs) => say`Dasselbe über HTTP ist ${api} (${docs}).`,
    operatorsRunning: (docs) => say`Wie man die Bridge dort betreibt, wo es darauf ankommt: ${docs}.`,
    testers: 'Sie testen die Bridge',
    testersLead: (path) =>
      say`Die Konsole zeigt jeden Frame einer Verbindung und sendet beliebige. Sie liegt auf dem Listener der Betreiber, unter ${path}.`,
    testersHere: (console) => say`Hier ist sie: ${console}.`,
    platform: 'Die Nachrichten sind Ihre: Sie betreiben die Plattform',
    platformLead: (api, docs) =>
      say`Ihre Server sprechen mit ${api} auf dem Listener der Betreiber und erfahren durch Webhooks, was Apps tun. ${docs} bindet eine Plattform an einem Nachmittag an, mit einem Beispiel, das läuft.`,
    source: 'Die Dokumente (auf Englisch) liegen dem Quelltext von Drawbridge bei.',
  },

  forms: {
    login: 'Anmeldename',
    password: 'Passwort',
    signIn: 'Anmelden',
    signInAt: (host) => say`Bei ${host} anmelden`,
    signInThere: (host) =>
      say`Sie melden sich bei ${host} an, auch wenn Sie dort schon angemeldet sind, und kommen hierher zurück.`,
    wrongSignIn: 'Anmeldename und Passwort passen nicht zusammen. Prüfen Sie beides und versuchen Sie es noch einmal.',
    limited: (minutes) =>
      `Es gab zu viele Fehlversuche. Versuchen Sie es in ${counted(minutes, { one: 'Minute', other: 'Minuten' })} noch einmal.`,
    stale: 'Dieses Formular war zu alt oder kam nicht von dieser Seite. Bitte füllen Sie es noch einmal aus.',
    noPasswords: 'Hier meldet sich niemand mit einem Passwort an.',
  },

  signIn: {
    title: (app) => say`Anmelden für ${name(app)}`,
    heading: 'Anmelden',
    lead: (app, partner) =>
      say`${strong(name(app))} von ${name(partner)} möchte sich mit Ihren Nachrichten verbinden. Auf der nächsten Seite wählen Sie, was die App darf.`,
    cancel: (app) => say`Abbrechen und zurück zu ${name(app)}`,
  },

  consent: {
    title: (app) => say`${name(app)} verbinden`,
    heading: (app) => say`Was darf ${name(app)}?`,
    lead: ({ app, partner, policy, person }) =>
      say`${strong(name(app))} ist eine App des Partners ${partner} (${policy('Datenschutzerklärung')}). Sie sind angemeldet als ${strong(name(person))}.`,
    tick: 'Was erlauben Sie?',
    tickAll: 'Alles ankreuzen',
    hints: {
      'messages.read': 'Auch, was andere Ihnen dort geschrieben haben und was früher gesagt wurde.',
      'messages.send': 'Wem Sie schreiben, sieht, durch welche App es kam.',
      'recommendations.send': 'Das allein erlaubt ihr nicht, irgendeine Nachricht zu lesen.',
      'presence.read': 'Diejenigen Ihrer Kontakte, die auch Sie als Kontakt haben.',
    },
    howLong: (of) =>
      say`${strong('Für wie lange.')} Höchstens ${counted(of.days, days)}, bis ${of.until}; früher, wenn die App ${counted(of.idleDays, days)} lang nicht benutzt wird. Sie können es jederzeit unter „Verbundene Apps“ beenden.`,
    notForLong: (app, on) => say`${strong('Nicht für lange.')} ${windDown(app, on)}`,
    notEncrypted: (app) =>
      say`${strong('Nicht Ende-zu-Ende-verschlüsselt.')} ${name(app)} kann die Nachrichten lesen, die die App Ihnen zeigt.`,
    afterwards: say`${strong('Nachdem Sie es beendet haben,')} kann diese App behalten, was sie schon gelesen hat.`,
    allow: 'Erlauben',
    deny: 'Nicht erlauben',
    noneTicked:
      'Kreuzen Sie mindestens eines an, was die App mit Nachrichten oder Kontakten tun darf, oder wählen Sie „Nicht erlauben“.',
  },

  device: {
    title: 'Ein Gerät verbinden',
    isThisIt:
      'Ist das der Code, den Ihr Gerät anzeigt? Wenn Sie das nicht auf einem eigenen Gerät begonnen haben, schließen Sie diese Seite.',
    typeIt:
      'Eine App auf einem Fernseher oder anderen Gerät zeigt einen Code. Geben Sie ihn hier ein, um die App mit Ihren Nachrichten zu verbinden.',
    code: 'Code',
    codeHint: 'Acht Buchstaben. Groß- oder Kleinschreibung und der Bindestrich spielen keine Rolle.',
    continue: 'Weiter',
    signInTitle: (app) => say`Anmelden für ${name(app)}`,
    heading: (app) => say`${name(app)} verbinden?`,
    lead: (app, partner) =>
      say`${strong(name(app))}, eine App des Partners ${partner}, möchte sich auf einem Gerät mit Ihren Nachrichten verbinden. Melden Sie sich an und wählen Sie auf der nächsten Seite, was die App darf.`,
    asksTo: 'Die App möchte',
    warning: say`${strong('Machen Sie nur weiter, wenn Sie das selbst begonnen haben')}, auf einem Gerät vor Ihnen, das diesen Code zeigt. Hat Ihnen jemand den Code oder einen Link geschickt, bekäme diese Person, was Sie erlauben.`,
    refuse: 'Ich habe das nicht begonnen: ablehnen',
    codeOnDevice: 'Code auf dem Gerät',
    askedFor: 'Angefragt',
    askedAt: (at, minutesAgo) =>
      say`${at}, ${minutesAgo < 1 ? 'vor weniger als einer Minute' : plural(minutesAgo, { one: 'vor einer Minute', other: `vor ${number(minutesAgo)} Minuten` })}`,
    from: 'Von',
    sameNetwork: (network) => say`${network}, dem Netz, in dem Sie gerade sind`,
    otherNetwork: (network) => say`${network}, ${strong('nicht dem Netz, in dem Sie gerade sind')}`,
    unknownNetwork: 'einer unbekannten Adresse',
    callsItself: 'Das Gerät nennt sich',
    noCode: 'Geben Sie den Code ein, den das Gerät anzeigt.',
    unknownCode:
      'Kein Gerät hat diesen Code bekommen. Vergleichen Sie ihn mit dem auf dem Gerät und geben Sie ihn noch einmal ein.',
    lastTry: (problem) => say`${problem} Nach einem weiteren Fehlversuch gilt dieser Code nicht mehr.`,
    another: 'Einen anderen Code eingeben',
    allowed: (app) => (app === undefined ? 'Verbunden' : say`${name(app)} ist verbunden`),
    allowedText:
      'Gehen Sie zurück zu Ihrem Gerät: Dort geht es in wenigen Sekunden von selbst weiter. Sie können diese Seite schließen.',
    denied: 'Nicht verbunden',
    deniedText:
      'Nichts wurde weitergegeben, und das Gerät erfährt es. Wenn Sie das nicht selbst begonnen haben, müssen Sie nichts weiter tun.',
    spoilt: 'Dieser Code gilt nicht mehr',
    spoiltText:
      'Es gab zu viele Fehlversuche damit. Nichts wurde weitergegeben. Beginnen Sie auf dem Gerät noch einmal; es zeigt einen anderen Code.',
    over: 'Dieser Code gilt nicht mehr',
    overText:
      'Er ist abgelaufen oder wurde schon benutzt oder abgelehnt. Hier wurde nichts weitergegeben. Beginnen Sie auf dem Gerät noch einmal; es zeigt einen anderen Code.',
    appRefused: 'Diese App kann nicht verbunden werden',
    appRefusedText:
      'Die App auf dem Gerät ist uns nicht bekannt oder darf im Moment nicht verbunden werden. Ihr wurde nichts weitergegeben.',
  },

  browsers: {
    browserOn: (browser, system) => say`${name(browser)} unter ${name(system)}`,
    code: 'Code',
    codeOn: (device) => say`Code auf ${device}`,
    codeAllowedIn: (code, browser) => say`${code}, erlaubt in ${browser}`,
  },

  apps: {
    title: 'Verbundene Apps',
    signInTitle: 'Bei „Verbundene Apps“ anmelden',
    signInLead:
      'Melden Sie sich an, um zu sehen, welche Apps Ihre Nachrichten erreichen, und um zu beenden, was Sie nicht mehr wollen.',
    signedOut: 'Sie wurden nach einiger Zeit ohne Benutzung abgemeldet. Melden Sie sich noch einmal an.',
    signedInAs: (person) => say`Angemeldet als ${name(person)}`,
    signOut: 'Abmelden',
    none: 'Keine App ist verbunden',
    noneText:
      'Niemand außer der Plattform selbst erreicht Ihre Nachrichten. Sobald Sie einer App etwas erlauben, steht sie hier, und hier können Sie das jederzeit beenden.',
    endAll: (count) => `Zugriff für alle ${number(count)} beenden`,
    record: 'Was aufgezeichnet ist',
    recordText:
      'Jede Einwilligung, die Sie gegeben oder zurückgenommen haben, jeder Blick der Betreiber darauf, und was jeder App wann gezeigt wurde. Was in Ihren Nachrichten stand, ist nicht darin.',
    recordLink: 'Alles Aufgezeichnete herunterladen (JSON-Zeilen)',
    by: (partner) => say`von ${partner}`,
    which: (app, which) => say`${name(app)} (${which})`,
    device: 'Gerät',
    notNamed: 'Noch ohne Namen',
    deviceWith: (device, signedInWith) => say`${device}${signedInWith}`,
    signedInWith: (what) => say`, angemeldet mit ${what}`,
    since: 'Seit',
    lastConnected: 'Zuletzt verbunden',
    notYet: 'Noch nie',
    begun: (at) => say`Erlaubt am ${at}.`,
    ledHere: 'Um diese geht es in dem Link, dem Sie gefolgt sind.',
    notOneOfYours:
      'In dem Link, dem Sie gefolgt sind, geht es um etwas anderes, als was Sie erlaubt haben: vielleicht gehört es jemand anderem oder endete vor mehr als einem Jahr.',
    endsByItself: 'Endet von selbst',
    windDown: (app, on) => windDown(app, on),
    nothingAtPresent:
      'Im Moment darf die App nichts: Alles, was Sie erlaubt haben, wurde ihr von den Betreibern dieses Dienstes genommen.',
    itMay: 'Die App darf',
    untick:
      'Entfernen Sie das Kreuz bei allem, was die App nicht mehr darf. Die App bekommt es nicht zurück, ohne Sie neu zu fragen.',
    takeBack: 'Zurücknehmen, was nicht angekreuzt ist',
    end: 'Zugriff beenden',
    notThere: 'Diese Verbindung gibt es nicht mehr.',
    nothingUnticked: 'Kein Kreuz wurde entfernt, also hat sich nichts geändert.',
    nothingLeft:
      'Ohne etwas, das mit Nachrichten oder Kontakten zu tun hat, bleibt der App nichts zu tun: Wählen Sie stattdessen „Zugriff beenden“.',
    back: 'Zurück zu „Verbundene Apps“',
    endedTitle: 'Im letzten Jahr beendet',
    earlier: (count) => plural(count, { one: '1 frühere', other: `${number(count)} frühere` }),
    reasons: {
      revoked_by_person: 'Sie haben es beendet.',
      revoked_by_operator: 'Die Betreiber dieses Dienstes haben es beendet.',
      signed_out: 'Die App hat sich abgemeldet.',
      partner_suspended: 'Der Partner wurde gesperrt.',
      partner_ended: 'Die Partnerschaft ist zu Ende.',
      expired: 'Die Zeit war abgelaufen.',
      token_replayed: 'Einer ihrer Schlüssel wurde zweimal benutzt, darum wurde es zur Sicherheit beendet.',
    },
    noAccessSince: (at, confirmed) => say`Kein Zugriff mehr seit ${at}; ${confirmed}.`,
    notConfirmed: 'Noch nicht jedes Gateway hat es bestätigt.',
    endedAt: (at) => say`Beendet ${at}.`,
  },

  usage: {
    read: ({ app, amount, last }) =>
      say`${name(app)} hat diese Woche ${amount} gelesen${last === undefined ? '' : say`, zuletzt ${last}`}.`,
    amount: ({ messages, conversations, bound }) => {
      const amount = `${counted(messages, { one: 'Nachricht', other: 'Nachrichten' })} in ${counted(conversations, { one: 'Unterhaltung', other: 'Unterhaltungen' })}`;
      return { exactly: amount, more: `mehr als ${amount}`, at_most: `bis zu ${amount}` }[bound];
    },
    noLonger: 'Nachrichten lesen kann die App nicht mehr.',
    readNothing: (app) => say`${name(app)} hat diese Woche nichts gelesen.`,
    cannotRead: (app) => say`${name(app)} kann keine Nachrichten lesen.`,
    connected: 'Die App ist gerade verbunden.',
  },

  end: {
    one: (app) => say`Zugriff für ${name(app)} beenden?`,
    all: (count) => `Zugriff für alle ${counted(count, connections)} beenden?`,
    oneText: (which) =>
      say`${which} wird sofort getrennt, kann nichts mehr lesen und nichts mehr in Ihrem Namen senden. Um sie wieder zu benutzen, müssten Sie sich dort neu anmelden.`,
    allText:
      'Alle diese Apps werden sofort getrennt, können nichts mehr lesen und nichts mehr in Ihrem Namen senden. Um sie wieder zu benutzen, müssten Sie sich dort neu anmelden.',
    kept: 'Was schon gelesen wurde, kann dort behalten werden; was Sie damit geschrieben haben, bleibt in Ihren Unterhaltungen.',
    yes: 'Ja, Zugriff beenden',
    noOne: 'Nein, behalten',
    noAll: 'Nein, alle behalten',
    ended: (which) => say`${which} hat keinen Zugriff mehr`,
    beingEnded: (which) => say`Der Zugriff für ${which} wird gerade beendet`,
    endedAll: (count) =>
      plural(count, { one: 'Eine Verbindung ist beendet', other: `${number(count)} Verbindungen sind beendet` }),
    unconfirmed:
      'Das Ende ist aufgezeichnet, aber noch ist nicht bestätigt, seit wann es überall gilt. Sehen Sie gleich unter „Verbundene Apps“ nach.',
    statement: ({ since, took, confirmed }) =>
      say`Der Zugriff besteht nicht mehr seit ${since}, ${took} nachdem Sie es verlangt haben; ${confirmed}. Seitdem wird der App nichts zugestellt und nichts von ihr angenommen.`,
  },

  narrow: {
    title: (app) => say`Das von ${name(app)} zurücknehmen?`,
    mayNoLonger: (which) => say`Ab jetzt darf ${which} nicht mehr:`,
    mayStill: 'Die App bleibt verbunden und darf weiterhin:',
    atOnce:
      'Das gilt sofort, auch für das, was unterwegs zu ihr ist. Was schon gelesen wurde, kann dort behalten werden. Um es wieder zu erlauben, müssten Sie sich dort neu anmelden.',
    yes: 'Ja, zurücknehmen',
    no: 'Nein, so lassen',
    done: (which) => say`${which} darf jetzt weniger`,
    beingTold: (which) => say`${which} erfährt es gerade`,
    statement: ({ since, took, confirmed }) =>
      say`Was Sie zurückgenommen haben, kann die App nicht mehr seit ${since}, ${took} nachdem Sie es verlangt haben; ${confirmed}.`,
    unconfirmed:
      'Es ist aufgezeichnet, aber noch ist nicht bestätigt, seit wann es überall gilt: Das dauert höchstens einige Sekunden. Sehen Sie gleich unter „Verbundene Apps“ nach.',
    stillMay: 'Die App darf weiterhin:',
  },

  receipt: {
    took: (ms) => (ms < 10_000 ? `${number(ms)} ms` : `${number(Math.round(ms / 1_000))} s`),
    confirmedBy: (confirmed, all) => {
      if (all === 0) return 'kein Gateway lief';
      if (confirmed < all) {
        return `bestätigt von ${number(confirmed)} von ${number(all)} Gateways, und nach Ablauf der Frist aller anderen`;
      }
      return all === 1 ? 'bestätigt vom Gateway' : `bestätigt von allen ${number(all)} Gateways`;
    },
    howWeKnow: 'Woher wir das wissen',
    closed: (count) => `${counted(count, connections)} ${plural(count, { one: 'wurde', other: 'wurden' })} geschlossen`,
    wentOn: 'Die Verbindungen der App liefen mit weniger weiter',
    noGateway: (closed) => `${closed}; kein Gateway lief.`,
    eachGateway: (closed) => `${closed}. Jedes Gateway hat es bestätigt, oder seine Erlaubnis zuzustellen lief ab:`,
    gateway: ({ gateway, ack, at, lastSeq }) =>
      say`${code(gateway)}, ${ack ? 'nach eigenem Wort' : 'durch Ablauf seiner Frist'}: ${at}${lastSeq === undefined ? '' : `, letztes Ereignis ${ack ? '' : 'höchstens '}${lastSeq}`}`,
  },

  issuer: {
    again: 'Noch einmal versuchen',
    againOrBack: 'Noch einmal versuchen oder zurückgehen',
    forOperators: (word) => say`Für die Betreiber dieses Dienstes: ${word}`,
    unavailable: 'Die Anmeldung ist im Moment nicht möglich',
    unavailableText: (host) =>
      say`Sie melden sich bei ${host} an, und von dort kommt nicht die Antwort, die kommen sollte. Nichts wurde weitergegeben. Warten Sie einen Moment und versuchen Sie es noch einmal; schon verbundene Apps funktionieren weiter.`,
    failed: 'Die Anmeldung hat nicht geklappt',
    failedText: (host) =>
      say`Was ${host} geantwortet hat, konnte nicht angenommen werden. Niemand wurde angemeldet und nichts weitergegeben. Versuchen Sie es noch einmal. Wenn es wieder geschieht, sagen Sie es den Betreibern dieses Dienstes.`,
    notAnew: 'Bitte melden Sie sich neu an',
    notAnewText: (host) =>
      say`Um eine App zu verbinden, braucht es eine frische Anmeldung, und ${host} hat Sie eben nicht darum gebeten. Nichts wurde weitergegeben. Melden Sie sich dort ab, versuchen Sie es noch einmal und melden Sie sich an, wenn Sie gefragt werden.`,
    over: 'Diese Anmeldung ist nicht mehr offen',
    overText:
      'Sie hat zu lange gedauert, war schon abgeschlossen oder wurde in einem anderen Browser begonnen. Nichts wurde weitergegeben. Gehen Sie dorthin zurück, wo Sie begonnen haben, etwa zur App, und beginnen Sie die Anmeldung dort noch einmal.',
    denied: 'Sie haben sich nicht angemeldet',
    deniedText: (host) =>
      say`${host} sagt, dass die Anmeldung abgebrochen oder nicht erlaubt wurde. Nichts wurde weitergegeben. Sie können es noch einmal versuchen oder zurückgehen.`,
    unknownPerson: 'Ihr Konto ist hier noch nicht bekannt',
    unknownPersonText: (host) =>
      say`Sie haben sich bei ${host} angemeldet, aber hier gibt es niemanden mit Ihrem Konto. Wenn es neu ist, warten Sie ein paar Minuten und versuchen Sie es noch einmal. Wenn Sie ein anderes Konto haben, melden Sie sich bei ${host} ab und versuchen Sie es mit jenem. Sonst fragen Sie die Hilfe von ${host}.`,
    erasedPerson: 'Ihr Konto wurde hier gelöscht',
    erasedPersonText: (host) =>
      say`Sie haben sich bei ${host} mit einem Konto angemeldet, das hier endgültig gelöscht wurde, mit allem, was Apps erlaubt war. Wenn Sie ein anderes Konto haben, melden Sie sich bei ${host} ab und versuchen Sie es mit jenem. Wenn Sie das für einen Irrtum halten, fragen Sie die Hilfe von ${host}.`,
  },

  oauth: {
    forMakers: (error) => say`Für die Hersteller der App: ${error}`,
    unknownApp: 'Diese App ist nicht mit uns verbunden',
    unknownAppText:
      'Die App, von der Sie kommen, ist uns nicht bekannt, oder ihr Partner ist im Moment nicht zugelassen. Ihr wurde nichts weitergegeben.',
    wrongAddress: 'Dorthin schicken wir Sie nicht',
    wrongAddressText:
      'Die App wollte, dass wir Sie zu einer Adresse schicken, die nicht für sie registriert ist. Ihr wurde nichts weitergegeben.',
    fault: 'Bei uns ist etwas schiefgegangen',
    faultText: 'Nichts wurde weitergegeben. Gehen Sie zur App zurück und versuchen Sie es gleich noch einmal.',
    over: 'Diese Anmeldung ist nicht mehr offen',
    overText:
      'Sie hat zu lange gedauert, war schon abgeschlossen oder wurde in einem anderen Browser begonnen. Nichts wurde weitergegeben. Gehen Sie zur App zurück und melden Sie sich von dort noch einmal an.',
    other: 'Die Anfrage der App kann nicht beantwortet werden',
    otherText:
      'Etwas stimmt nicht mit dem, was die App verlangt hat. Nichts wurde weitergegeben. Wenn es wieder geschieht, sagen Sie es den Herstellern der App.',
  },

  problems: {
    toStart: 'Zur Startseite',
    notFound: 'Hier ist nichts',
    notFoundText: 'Die Adresse ist falsch geschrieben, oder was hier war, ist fort.',
    tooMuch: 'Zu viel auf einmal',
    tooMuchText: 'Aus Ihrem Netz wurden zu viele Anmeldungen begonnen.',
    fault: 'Etwas ist schiefgegangen',
    faultText: 'Das war ein Fehler von uns. Bitte versuchen Sie es gleich noch einmal.',
    busy: 'Hier ist gerade viel los',
    busyText: 'Es sind mehr Menschen hier, als in diesem Moment bedient werden können.',
    refused: 'Das geht nicht',
    refusedText: 'Die Bridge kann diese Anfrage nicht lesen.',
    again: (what, seconds) =>
      `${what} Bitte versuchen Sie es in ${plural(seconds, { one: 'einer Sekunde', other: `${number(seconds)} Sekunden` })} noch einmal.`,
    noSuchCode: 'Diesen Code gibt es nicht',
    noSuchCodeText: 'Die Bridge kennt keinen Fehler- oder Schließcode dieses Namens.',
  },

  errors: {
    title: 'Fehler- und Schließcodes',
    names: 'Namen',
    numbers: 'Nummern',
    whatToDo: 'Was zu tun ist',
    sameAgain: 'Dasselbe noch einmal versuchen?',
    yes: 'Ja, mit wachsendem Abstand (Backoff).',
    no: 'Nein, es würde wieder scheitern.',
    closeCode: 'Schließcode',
    reasons: (count) => plural(count, { one: 'Grund', other: 'Gründe' }),
    all: 'Alle Fehler- und Schließcodes',
    codes: {
      bad_frame: {
        means:
          'Der Frame war kein JSON-Objekt mit einem Ereignis und einer brauchbaren id, oder er war zu tief verschachtelt.',
        advice:
          'Senden Sie je Textframe ein JSON-Objekt mit `event`, `id` (1 bis 64 Zeichen) und `data`. Der fünfte schlechte Frame schließt die Verbindung.',
      },
      unknown_event: {
        means: 'Die Bridge kennt keinen Befehl dieses Namens.',
        advice: 'Vergleichen Sie die Schreibweise von `event` mit der Liste der Befehle.',
      },
      invalid_data: {
        means: 'Die Daten des Befehls haben nicht die Form, die der Befehl verlangt.',
        advice: 'Sehen Sie in `issues` nach: Jeder Eintrag nennt einen Pfad und was daran nicht stimmt.',
      },
      not_open: {
        means: 'Ein Befehl kam, bevor `session.open` gelungen war.',
        advice: 'Senden Sie zuerst `session.open` und warten Sie die Antwort ab.',
      },
      already_open: {
        means: 'Die Sitzung auf dieser Verbindung ist schon offen.',
        advice: 'Bringen Sie ein neues Token mit `session.refresh`, oder öffnen Sie eine andere Verbindung.',
      },
      unauthenticated: {
        means:
          'Das Token fehlt, ist falsch, abgelaufen oder für eine andere Audience oder Herkunft bestimmt, oder sein Beweis fehlt oder stimmt nicht.',
        advice:
          'Ein Token mit `cnf.jkt` braucht `proof`, für jeden Frame neu gemacht, mit der letzten `nonce` dieser Verbindung und dem `ath` dieses Tokens. Erneuern Sie das Token einmal und öffnen Sie mit dem neuen; nie mit demselben. Antwortet die Erneuerung `invalid_grant`, bieten Sie eine neue Anmeldung an. Nach `invalid_data` verbessern Sie stattdessen den Client.',
      },
      scope_missing: {
        means: 'Die Person hat dieser App das nicht erlaubt.',
        advice:
          'Fragen Sie in einer neuen Anmeldung nach dem Scope, den `scope` nennt; rechnen Sie damit, dass die Person Nein sagt.',
      },
      not_found: {
        means: 'So etwas gibt es nicht, oder es geht diese Person nichts an.',
        advice: 'Prüfen Sie die id. Die Bridge sagt nicht, welches von beiden es war.',
      },
      conflict: {
        means:
          'Dieselbe `clientId` wurde mit anderem Inhalt benutzt, die Nachricht ist gelöscht oder hat schon so viele Arten von Reaktionen, wie sie haben darf, oder dieselbe Frame-`id` wird noch beantwortet.',
        advice:
          'Machen Sie für alles, was Sie neu senden, eine neue `clientId`, und für jeden Frame eine neue `id`. Die Bearbeitung einer gelöschten Nachricht oder eine Reaktion zu viel ist nicht zu wiederholen.',
      },
      rate_limited: {
        means: 'In zu kurzer Zeit wurde zu viel gesendet.',
        advice:
          'Warten Sie `retryAfterMs` und wiederholen Sie es mit derselben `clientId`. Verbinden Sie sich nach einem Schließen mit 4529 mit Backoff neu und senden Sie weniger.',
      },
      consent_ended: {
        means: 'Die Einwilligung der Person ist zu Ende.',
        advice: 'Hören Sie auf, vergessen Sie die Tokens und bieten Sie eine neue Anmeldung an.',
      },
      consent_unverifiable: {
        means:
          'Das Gateway kann in diesem Moment nicht beweisen, dass die Einwilligung noch besteht. Es nimmt darum nichts an und stellt nichts zu.',
        advice:
          'Wiederholen Sie es nach einem Moment mit derselben `clientId`; nach einem Schließen mit 4503 verbinden Sie sich zuerst mit Backoff und `resume` neu.',
      },
      unavailable: {
        means: 'Die Bridge kann das im Moment nicht.',
        advice: 'Wiederholen Sie es nach einem Moment mit derselben `clientId`.',
      },
      internal: {
        means: 'Ein Fehler der Bridge.',
        advice:
          'Wiederholen Sie es mit derselben `clientId`, nach einem Schließen auf einer neuen Verbindung mit `resume`; bleibt es dabei, nennen Sie dem Betreiber die Zeit und den Code.',
      },
      protocol_violation: {
        means: 'Auf dieser Verbindung kam ein binärer Frame oder der fünfte schlechte Frame.',
        advice: 'Verbessern Sie den Client: nur Textframes, jeder ein JSON-Objekt.',
      },
      revoked_by_person: {
        means: 'Die Person hat den Zugriff dieser App beendet.',
        advice:
          'Hören Sie auf, vergessen Sie die Tokens und alles, worauf sie Zugriff gaben, und bieten Sie eine neue Anmeldung an.',
      },
      revoked_by_operator: {
        means: 'Der Betreiber hat den Zugriff dieser App beendet.',
        advice: 'Hören Sie auf. Der Betreiber weiß, warum.',
      },
      signed_out: {
        means: 'Die App hat sich abgemeldet.',
        advice: 'Bieten Sie eine neue Anmeldung an, wenn die Person es wünscht.',
      },
      partner_suspended: {
        means: 'Der Partner hinter dieser App ist gesperrt.',
        advice: 'Hören Sie auf. Der Partner sollte mit dem Betreiber sprechen; danach melden sich die Personen neu an.',
      },
      partner_ended: {
        means: 'Die Partnerschaft hinter dieser App ist zu Ende.',
        advice: 'Hören Sie auf und vergessen Sie die Tokens.',
      },
      expired: {
        means: 'Die Einwilligung ist abgelaufen: Ihre Zeit war um, oder sie wurde zu lange nicht benutzt.',
        advice: 'Bieten Sie eine neue Anmeldung an.',
      },
      token_replayed: {
        means:
          'Ein Refresh-Token wurde zweimal benutzt und ist vielleicht in falschen Händen. Darum wurde die Einwilligung beendet.',
        advice: 'Bieten Sie eine neue Anmeldung an; sorgen Sie dafür, dass nur an einer Stelle erneuert wird.',
      },
      open_timeout: {
        means: 'Es kam nicht rechtzeitig ein `session.open`.',
        advice: 'Senden Sie `session.open` innerhalb der Zeit, die `hello` nennt.',
      },
      superseded: {
        means: 'Auf eine Einwilligung wurden mehr als vier Verbindungen geöffnet; die älteste wurde geschlossen.',
        advice: 'Teilen Sie sich eine Verbindung, oder schließen Sie die, die nicht mehr benutzt werden.',
      },
      slow_consumer: {
        means: 'Für diesen Client wartete mehr als ein Megabyte.',
        advice: 'Lesen Sie schneller; verbinden Sie sich mit `resume` neu, nichts geht verloren.',
      },
      going_away: {
        means: 'Das Gateway wird angehalten oder neu gestartet.',
        advice: 'Verbinden Sie sich innerhalb von `reconnectWithinMs` zu einem zufälligen Zeitpunkt mit `resume` neu.',
      },
      1001: {
        means: 'Die andere Seite ist fortgegangen.',
        advice: 'Verbinden Sie sich mit Backoff, vollem Jitter und `resume` neu; nichts geht verloren.',
      },
      1002: {
        means: 'Der Client hat das WebSocket-Protokoll verletzt.',
        advice:
          'Verbessern Sie den Client, oder nehmen Sie eine WebSocket-Bibliothek: maskierte Frames, keine reservierten Bits, gültige Längen und Opcodes.',
      },
      1006: {
        means: 'Die Verbindung ging ohne Schließen verloren.',
        advice:
          'Verbinden Sie sich mit Backoff, vollem Jitter und `resume` neu; nichts geht verloren. Ist die Einwilligung zu Ende, sagt es das nächste Öffnen.',
      },
      1007: {
        means: 'Ein Textframe war kein gültiges UTF-8.',
        advice: 'Verbessern Sie den Client: Textframes sind UTF-8.',
      },
      1008: {
        means: 'Eine Nachricht kam in mehr als 16.384 Fragmenten.',
        advice: 'Verbessern Sie den Client: Senden Sie jedes JSON-Objekt in einem Frame oder in wenigen.',
      },
      1009: {
        means: 'Ein Frame war größer als `maxFrameBytes`.',
        advice: 'Senden Sie kleinere Frames; `hello` sagt, wie groß sie sein dürfen.',
      },
      4403: {
        means: 'Die Einwilligung ist zu Ende; der Grund sagt, warum.',
        advice: 'Hören Sie auf: Nur eine neue Anmeldung hilft.',
      },
    },
  },
};

function windDown(app: string, on: Rich): Rich {
  return say`Der Zugriff von ${name(app)} endet am ${on} für alle.`;
}
