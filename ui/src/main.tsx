import { CSPProvider } from '@base-ui/react/csp-provider';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { followOldAddress } from './api/old-addresses.ts';
import { ApiProblem } from './api/problem.ts';
import { loadFonts } from './design/fonts.ts';
import { followSystem } from './design/theme.ts';
import { TextProvider } from './i18n/use-text.tsx';
import { onKeyDown } from './keys/key-map.ts';
import { LiveProvider } from './live/use-live.tsx';
import { ToastProvider } from './parts/toasts.tsx';
import { router } from './router.tsx';
import './design/tokens.css';
import './design/base.css';
import './design/frame.css';
import './design/floats.css';
import './design/story.css';
import './design/parts.css';
import './design/table.css';
import './design/charts.css';
import './design/pages.css';

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 1000,
      refetchOnWindowFocus: true,
      // A coded refusal stays a refusal; only a lost connection is worth another try.
      retry: (failures, error) => failures < 2 && (!(error instanceof ApiProblem) || error.status >= 502),
    },
  },
});

loadFonts();
followSystem();
document.addEventListener('keydown', onKeyDown);

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');
await followOldAddress();
createRoot(root).render(
  <StrictMode>
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={client}>
        <TextProvider>
          <LiveProvider>
            <ToastProvider>
              <RouterProvider router={router} />
            </ToastProvider>
          </LiveProvider>
        </TextProvider>
      </QueryClientProvider>
    </CSPProvider>
  </StrictMode>,
);
