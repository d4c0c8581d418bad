import { useEffect } from 'preact/hooks';

/** The page says where its two icons are. */
const ALARM = document.querySelector<HTMLMetaElement>('meta[name=alarm-icon]')?.content;
const icon = document.querySelector<HTMLLinkElement>('link[rel=icon]');
const CALM = icon?.href;

/** The icon of the tab is red while something is wrong. */
export function useAlarm(isWrong: boolean): void {
  useEffect(() => {
    const href = isWrong ? ALARM : CALM;
    if (icon !== null && href !== undefined) icon.href = href;
  }, [isWrong]);
}
