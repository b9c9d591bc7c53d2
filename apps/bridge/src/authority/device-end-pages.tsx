import { page } from '../pages/layout.js';
import { DEVICE_PATH } from './device-flow.js';

const ENDS = {
  allowed: {
    title: 'Connected',
    text: 'Go back to your device: it goes on by itself within a few seconds. You can close this page.',
  },
  denied: {
    title: 'Not connected',
    text: 'Nothing was shared, and the device is told. If you did not begin this yourself, there is nothing else to do.',
  },
  spoilt: {
    title: 'This code is over',
    text: 'There were too many wrong tries with it. Nothing was shared. Begin again on the device; it shows another code.',
  },
  over: {
    title: 'This code is over',
    text: 'It ran out, or was used or refused already. Nothing was shared here. Begin again on the device; it shows another code.',
  },
} as const;

/** What became of a device's code. */
export function deviceEndPage(how: keyof typeof ENDS, appName?: string): string {
  const { title, text } = ENDS[how];
  const named = how === 'allowed' && appName ? `${appName} is connected` : title;
  return messagePage(named, text);
}

/** Its partner is not approved at the moment, or it was removed, or may have nothing of what it asks for. */
export function deviceAppRefusedPage(): string {
  return messagePage(
    'This app cannot be connected',
    'The app on the device is not one we know, or may not be connected at the moment. Nothing was shared with it.',
  );
}

function messagePage(title: string, text: string): string {
  return page(
    title,
    <section class="card">
      <h1>{title}</h1>
      <p class="lead">{text}</p>
      <p>
        <a href={`${DEVICE_PATH}?user_code=`}>Type another code</a>
      </p>
    </section>,
  );
}
