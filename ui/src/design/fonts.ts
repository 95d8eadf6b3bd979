import inter from '@fontsource-variable/inter/files/inter-latin-wght-normal.woff2';

/** Inter, latin only (48 kB, OFL). Korean always comes from the system: its fonts are far larger than the whole app. */
export function loadFonts(): void {
  const face = new FontFace('Inter Variable', `url(${inter})`, { weight: '100 900', display: 'swap' });
  document.fonts.add(face);
  // Without it the system's font stands; nothing else is lost.
  face.load().catch(() => undefined);
}
