/** What there is to play. It makes no sound: Tunebox is an example. */
export interface Track {
  readonly id: string;
  readonly name: string;
  readonly artist: string;
  readonly album: string;
  readonly seconds: number;
}

const albums: readonly [artist: string, album: string, tracks: readonly [name: string, length: string][]][] = [
  [
    'Marit Solheim',
    'Harbour Lights',
    [
      ['Low Tide', '3:21'],
      ['Sodium Lamps', '4:05'],
      ['The Last Ferry', '2:58'],
      ['Gulls at Six', '3:44'],
    ],
  ],
  [
    'The Copper Wires',
    'Exchange',
    [
      ['Party Line', '2:36'],
      ['Switchboard', '3:12'],
      ['Hold the Call', '4:40'],
      ['Dial Tone', '1:59'],
    ],
  ],
  [
    'Amadou Ndiaye',
    'Sept Ponts',
    [
      ['Premier pont', '5:02'],
      ['Le marché', '3:27'],
      ['Pluie tiède', '4:18'],
      ['Retour', '6:11'],
    ],
  ],
];

export const LIBRARY: readonly Track[] = albums.flatMap(([artist, album, tracks]) =>
  tracks.map(([name, length]) => ({ id: idOf(name), name, artist, album, seconds: secondsOf(length) })),
);

/** What is written in a chat when a track is shared. */
export function shareText({ id, name, artist }: Track): string {
  return `♪ ${name} by ${artist} https://tunebox.example/track/${id}`;
}

function idOf(name: string): string {
  return name.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '').replace(/\W+/g, '-');
}

function secondsOf(length: string): number {
  const [minutes, seconds] = length.split(':').map(Number);
  return minutes! * 60 + seconds!;
}
