import { useTexts } from '../pages/use-texts.js';
import { CONNECTED_APPS_PATH } from './connected-apps-path.js';

export function BackToConnectedApps() {
  const { apps } = useTexts();
  return (
    <p class="back">
      <a href={CONNECTED_APPS_PATH}>{apps.back}</a>
    </p>
  );
}
