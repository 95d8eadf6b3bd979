import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { commands } from '../../api/commands.ts';
import { queries } from '../../api/queries.ts';
import type { ModelVersionDetail } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { useKeys } from '../../keys/use-keys.ts';
import { Section } from '../../parts/section.tsx';
import { Waiting } from '../../parts/states.tsx';
import { StatusMark } from '../../parts/status-mark.tsx';
import { useToast } from '../../parts/toasts.tsx';

const MarkdownText = lazy(() => import('../../parts/markdown.tsx').then((one) => ({ default: one.MarkdownText })));

function Shown({ text, what }: { readonly text: string; readonly what: string }) {
  return (
    <Suspense fallback={<Waiting rows={3} what={what} />}>
      <MarkdownText text={text} />
    </Suspense>
  );
}

const LIMIT = 100_000;

function Editor({
  text,
  pending,
  failed,
  onSave,
  onClose,
}: {
  readonly text: string;
  readonly pending: boolean;
  readonly failed: Error | null;
  readonly onSave: (text: string) => void;
  readonly onClose: () => void;
}) {
  const { t } = useText();
  const [draft, setDraft] = useState(text);
  const [preview, setPreview] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (!preview) field.current?.focus();
  }, [preview]);
  const changed = draft !== text;
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) {
      event.preventDefault();
      if (changed && !pending) onSave(draft);
    } else if (event.key === 'Escape' && !changed) {
      event.preventDefault();
      onClose();
    }
  };
  return (
    <div className="cardedit" role="group" aria-label={t('card.title')} onKeyDown={onKey}>
      <div className="tabs">
        <button type="button" aria-pressed={!preview} onClick={() => setPreview(false)}>
          {t('card.write')}
        </button>
        <button type="button" aria-pressed={preview} onClick={() => setPreview(true)}>
          {t('card.preview')}
        </button>
      </div>
      {preview ? (
        <div className="cardpreview">
          <Shown text={draft} what={t('card.title')} />
        </div>
      ) : (
        <textarea
          ref={field}
          className="inp mono"
          aria-label={t('card.text')}
          value={draft}
          maxLength={LIMIT}
          rows={Math.min(28, Math.max(10, draft.split('\n').length + 1))}
          onChange={(event) => setDraft(event.target.value)}
        />
      )}
      {failed === null ? null : (
        <p className="ferr in" role="alert">
          <StatusMark kind="failed" /> {failed.message}
        </p>
      )}
      <div className="acts">
        <span className="meta">{t('card.hint', { n: draft.length })}</span>
        <button type="button" className="btn sm" onClick={onClose}>
          {t('cancel')} {changed ? null : <kbd>esc</kbd>}
        </button>
        <button type="button" className="btn sm pri" disabled={!changed || pending} onClick={() => onSave(draft)}>
          {t('card.save')} <kbd>⌘ ↵</kbd>
        </button>
      </div>
    </div>
  );
}

/** The model card: what a person wrote, else what the records say; edited in place, with undo. */
export function VersionCard({ detail }: { readonly detail: ModelVersionDetail }) {
  const { t } = useText();
  const toast = useToast();
  const client = useQueryClient();
  const [editing, setEditing] = useState(false);
  const [opened, setOpened] = useState(false);
  const { model, number } = detail.version;
  const viewer = useQuery(queries.server()).data?.who.role === 'viewer';
  const before = detail.card;
  const save = useMutation({
    mutationFn: ({ text }: { readonly text: string; readonly undo?: string }) => commands.setCard(model, number, text),
    onSuccess: (_, { undo }) => {
      setEditing(false);
      toast({
        text: t('card.saved', { version: number }),
        ...(undo === undefined ? {} : { undo: () => save.mutate({ text: undo }) }),
      });
    },
    onSettled: () => void client.invalidateQueries({ queryKey: ['models', model, number] }),
  });
  useKeys(viewer || editing ? [] : [{ keys: 'e', label: t('card.edit'), run: () => setEditing(true) }]);
  return (
    <Section
      title={t('card.title')}
      sub={detail.cardWritten ? undefined : t('card.made')}
      right={
        editing ? undefined : (
          <button
            type="button"
            className="btn sm quiet"
            disabled={viewer}
            title={viewer ? t('alias.viewer') : undefined}
            onClick={() => setEditing(true)}
          >
            {t('card.edit')} <kbd>E</kbd>
          </button>
        )
      }
    >
      {editing ? (
        <Editor
          text={before}
          pending={save.isPending}
          failed={save.error}
          onSave={(text) => save.mutate({ text, undo: detail.cardWritten ? before : '' })}
          onClose={() => {
            save.reset();
            setEditing(false);
          }}
        />
      ) : before.trim() === '' ? (
        <p className="mut">{t('card.none')}</p>
      ) : detail.cardWritten ? (
        <Shown text={before} what={t('card.title')} />
      ) : (
        <details onToggle={(event) => setOpened(event.currentTarget.open)}>
          <summary className="mut">{t('card.show')}</summary>
          {opened ? <Shown text={before} what={t('card.title')} /> : null}
        </details>
      )}
    </Section>
  );
}
