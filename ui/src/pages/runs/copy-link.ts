import { useText } from '../../i18n/use-text.tsx';
import { useToast } from '../../parts/toasts.tsx';

/** The address is the view: copying it is all that sharing needs. */
export function useCopyLink(): () => void {
  const { t } = useText();
  const toast = useToast();
  return () => {
    navigator.clipboard.writeText(location.href).then(
      () => toast({ text: t('link.copied') }),
      () => toast({ text: t('link.refused', { link: location.href }), failed: true }),
    );
  };
}
