// Runs before the first paint, from a file of its own so that the content policy needs no inline script.
(function () {
  var root = document.documentElement;
  var theme = null;
  var lang = null;
  try {
    theme = localStorage.getItem('mw.theme');
    lang = localStorage.getItem('mw.lang');
  } catch {
    // Storage is blocked: the system's choice stands.
  }
  var dark = theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  root.dataset.theme = dark ? 'dark' : 'light';
  root.lang = lang || (/^ko\b/.test(navigator.language) ? 'ko' : 'en');
})();
