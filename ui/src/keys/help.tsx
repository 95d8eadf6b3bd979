import { Dialog } from '@base-ui/react/dialog';
import { useState } from 'react';
import { useText } from '../i18n/use-text.tsx';
import { KeyCaps } from './key-caps.tsx';
import { activeKeys, setSingleKeysOff, singleKeysOff } from './key-map.ts';

/** `?`: every key that works here, read from the same list that makes them work. */
export function KeyHelp({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }) {
  const { t } = useText();
  const [off, setOff] = useState(singleKeysOff);
  return (
    <Dialog.Root open={open} onOpenChange={(next) => (next ? undefined : onClose())}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="float dlg wide">
          <Dialog.Title>{t('keys.title')}</Dialog.Title>
          <div className="keys">
            {(open ? activeKeys() : []).map((action) => (
              <div key={action.keys}>
                <span className="k">
                  <KeyCaps keys={action.keys} />
                </span>
                <span>{action.label}</span>
              </div>
            ))}
          </div>
          <label className="st">
            <input
              type="checkbox"
              checked={off}
              onChange={(event) => {
                setSingleKeysOff(event.target.checked);
                setOff(event.target.checked);
              }}
            />
            {t('keys.off')}
          </label>
          <div className="acts">
            <Dialog.Close className="btn">
              {t('close')} <kbd>esc</kbd>
            </Dialog.Close>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
