import Markdown, { type Components } from 'react-markdown';

/** Headings of the text stand below the section's own; an image is a link, since the content policy shows none from elsewhere. */
const COMPONENTS: Components = {
  h1: ({ children }) => <h3>{children}</h3>,
  h2: ({ children }) => <h4>{children}</h4>,
  h3: ({ children }) => <h5>{children}</h5>,
  h4: ({ children }) => <h6>{children}</h6>,
  h5: ({ children }) => <h6>{children}</h6>,
  a: ({ href, children }) =>
    href?.startsWith('/') === true ? (
      <a href={href}>{children}</a>
    ) : (
      <a href={href} target="_blank" rel="noreferrer noopener">
        {children}
      </a>
    ),
  img: ({ src, alt }) => (
    <a href={typeof src === 'string' ? src : undefined} target="_blank" rel="noreferrer noopener">
      {alt === undefined || alt === '' ? String(src) : alt}
    </a>
  ),
};

/** Markdown without raw HTML: tags in the text are left out, addresses are http(s), mailto or this server's. */
export function MarkdownText({ text }: { readonly text: string }) {
  return (
    <div className="md">
      <Markdown skipHtml components={COMPONENTS}>
        {text}
      </Markdown>
    </div>
  );
}
