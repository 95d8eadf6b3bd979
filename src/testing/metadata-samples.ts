/** Small true documents of the port's types. */
import type { NewEvent } from '../domain/events.ts';
import type { AuditEntry, Token } from '../domain/identity.ts';
import type { Evaluation } from '../domain/monitoring.ts';
import type { ModelVersion } from '../domain/registry.ts';
import type { ProjectRecord } from '../ports/metadata-store.ts';

export function auditEntry(id: string, createdAt = 0, actor = 'ann'): AuditEntry {
  return { id, createdAt, actor, action: 'deploy', subject: 'flights' };
}

export function token(id: string, hash: string): Token {
  return { id, createdAt: 1, name: id, role: 'viewer', hash };
}

export function project(id: string, file = 'project: x'): ProjectRecord {
  return { id, createdAt: 1, fileDigest: 'sha256:0', file, root: '/p' };
}

export function version(model: string, number: number, more: Partial<ModelVersion> = {}): ModelVersion {
  return {
    id: `${model}/${number}`,
    createdAt: number,
    updatedAt: number,
    model,
    number,
    status: 'READY',
    stage: 'None',
    source: '',
    tags: {},
    metrics: {},
    championMetrics: {},
    gates: [],
    verdict: 'unjudged',
    ...more,
  };
}

export function evaluation(id: string, monitorId: string, to: number): Evaluation {
  return {
    id,
    createdAt: to,
    monitorId,
    project: 'p',
    from: 0,
    to,
    predictions: 0,
    outcomes: 0,
    values: {},
    columns: [],
    byVersion: {},
    breached: undefined,
  };
}

export function event(id: string, projectName = 'p', file = 'millwright.yaml'): NewEvent {
  return { id, type: 'project.attached', at: 1, project: projectName, actor: 'system', data: { file } };
}
