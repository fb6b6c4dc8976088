const NEXT = { system: 'light', light: 'dark', dark: 'system' };
const LABELS = { system: 'as the system', light: 'light', dark: 'dark' };

/** Makes `button` go round the three choices, and remembers the one that was made. */
export function keepTheme(button) {
  let theme = localStorage.getItem('theme') ?? 'system';
  if (!Object.hasOwn(NEXT, theme)) theme = 'system';
  apply();
  button.addEventListener('click', () => {
    theme = NEXT[theme];
    localStorage.setItem('theme', theme);
    apply();
  });

  function apply() {
    document.documentElement.dataset.theme = theme;
    button.ariaLabel = `Colours: ${LABELS[theme]}. Change`;
    button.title = button.ariaLabel;
  }
}
