import { useMemo } from 'react';
import Markdown, { type Components } from 'react-markdown';
import { markdownBlocks } from './markdown-blocks.ts';
import { ScrollX } from './scroll-x.tsx';

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

/** What stands in a cell: words and their marks, no blocks. */
const INLINE = ['p', 'strong', 'em', 'code', 'a', 'del', 'br'];
const CELL: Components = { ...COMPONENTS, p: ({ children }) => <>{children}</> };

function Cell({ text }: { readonly text: string }) {
  return (
    <Markdown skipHtml unwrapDisallowed allowedElements={INLINE} components={CELL}>
      {text}
    </Markdown>
  );
}

/** Markdown without raw HTML: tags in the text are left out, addresses are http(s), mailto or this server's. */
export function MarkdownText({ text }: { readonly text: string }) {
  const blocks = useMemo(() => markdownBlocks(text), [text]);
  return (
    <div className="md">
      {blocks.map((block, at) =>
        block.kind === 'text' ? (
          <Markdown key={at} skipHtml components={COMPONENTS}>
            {block.text}
          </Markdown>
        ) : (
          <ScrollX key={at}>
            <table className="tight">
              <thead>
                <tr>
                  {block.head.map((cell, i) => (
                    <th key={i} scope="col" className={block.right[i] === true ? 'num' : undefined}>
                      <Cell text={cell} />
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {block.rows.map((row, r) => (
                  <tr key={r}>
                    {block.head.map((_, i) => (
                      <td key={i} className={block.right[i] === true ? 'num' : undefined}>
                        <Cell text={row[i] ?? ''} />
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </ScrollX>
        ),
      )}
    </div>
  );
}
