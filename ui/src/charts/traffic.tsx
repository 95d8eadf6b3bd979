import type { ReactNode } from 'react';
import { StatusMark } from '../parts/status-mark.tsx';

export type Role = 'now' | 'next' | 'ref';

export interface TrafficShare {
  readonly name: string;
  readonly percent: number;
  readonly role: Role;
  readonly note: string;
}

/** Who answers: solid champion, striped candidate, labels above. */
export function TrafficBar({ shares, label }: { readonly shares: readonly TrafficShare[]; readonly label: string }) {
  // Labels need room that a share of 1 % does not have.
  const room = (percent: number): number => Math.max(percent, 14);
  return (
    <>
      <div className="barl">
        {shares.map((one) => (
          <div key={one.name} style={{ flexGrow: room(one.percent), flexBasis: 0 }}>
            <b className={`c-${one.role}`}>{one.name}</b> <b>{one.percent}%</b> <span className="dim">{one.note}</span>
          </div>
        ))}
      </div>
      <div className="bar" role="img" aria-label={label}>
        {shares.map((one) => (
          <div key={one.name} className={one.role} style={{ flexGrow: one.percent, flexBasis: 0 }} />
        ))}
      </div>
    </>
  );
}

export interface TrackStep {
  readonly percent: number;
  /** Stands in place of the percentage: a step that is not a share of the calls. */
  readonly name?: string;
  readonly state: 'past' | 'now' | 'future' | 'stopped';
  /** 0..1 of the running step. */
  readonly progress: number;
  readonly when: string;
  readonly note: ReactNode;
  /** It lasts longer than it may. */
  readonly late?: boolean;
}

/** The steps of a rollout: past in ink, current filled to its elapsed share, future dashed. */
export function StepTrack({ steps }: { readonly steps: readonly TrackStep[] }) {
  return (
    <ol className="steps">
      {steps.map((step, i) => (
        <li key={i} className={step.state === 'now' ? 'next' : undefined}>
          <span className="track">
            <i
              style={{
                width: `${step.state === 'past' ? 100 : step.state === 'now' ? Math.round(step.progress * 100) : 0}%`,
              }}
            />
          </span>
          <div className="h">
            <StatusMark
              kind={
                step.late === true
                  ? 'warning'
                  : step.state === 'past'
                    ? 'done'
                    : step.state === 'now'
                      ? 'rolling'
                      : step.state === 'stopped'
                        ? 'failed'
                        : 'expected'
              }
            />
            <b>{step.name ?? `${step.percent}%`}</b>
            <span className="mut">{step.when}</span>
          </div>
          <div className="meta">{step.note}</div>
        </li>
      ))}
    </ol>
  );
}
