/** A release as the objects of a cluster: pure data, to print, to compare and to apply. */
import type { ClusterObject } from '../../../domain/cluster.ts';
import { MillwrightError } from '../../../domain/errors.ts';
import { annotationsOf, GRPC_PORT, labelsOf, podSpec, REST_PORT, selectorOf } from './workload.ts';
import type { WorkloadInput } from './workload.ts';

/** Every kind a plan may make: what is ours and no longer wanted is looked for among them. */
export const OWNED_KINDS = [
  { apiVersion: 'apps/v1', kind: 'Deployment' },
  { apiVersion: 'v1', kind: 'Service' },
  { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' },
  { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' },
  { apiVersion: 'serving.kserve.io/v1beta1', kind: 'InferenceService' },
] as const;

function refuse(message: string, where: string, next: string): never {
  throw new MillwrightError('MW-USAGE', message, { where, next });
}

const DNS_LABEL = /^[a-z]([a-z0-9-]{0,48}[a-z0-9])?$/;
const QUANTITY = /^\d+(\.\d+)?(m|k|Ki|M|Mi|G|Gi)?$/;
const IMAGE = /^[a-z0-9][\w.:-]*(\/[a-z0-9._-]+)+(:[\w.-]{1,128})?@sha256:[0-9a-f]{64}$/;

/** Throws MW-USAGE naming the flag for what the API server would refuse, or what would not be the release that was judged. */
function check(input: WorkloadInput): void {
  if (!DNS_LABEL.test(input.name))
    refuse(
      `"${input.name}" cannot be the name of a service: lower-case letters, digits and "-", at most 50`,
      '--name',
      'give another with --name',
    );
  if (!DNS_LABEL.test(input.namespace))
    refuse(`"${input.namespace}" is no namespace`, '--namespace', 'mw deploy --help');
  if (!IMAGE.test(input.image))
    refuse(`"${input.image}" is not registry/name@sha256:…`, '--image', 'for example --image registry.example/flights');
  for (const [flag, text] of [
    ['--cpu', input.cpu],
    ['--memory', input.memory],
  ] as const)
    if (!QUANTITY.test(text)) refuse(`${flag} ${text} is not an amount such as 500m or 1Gi`, flag, 'mw deploy --help');
  const { min, max } = input.replicas;
  if (!(Number.isInteger(min) && Number.isInteger(max) && min >= 1 && max >= min && max <= 1000))
    refuse(`--replicas ${min}..${max} is not a range from 1 to 1000`, '--replicas', 'for example --replicas 2..6');
}

const metadata = (input: WorkloadInput) => ({
  name: input.name,
  namespace: input.namespace,
  labels: labelsOf(input),
  annotations: annotationsOf(input),
});

/** Deployment, Service, HorizontalPodAutoscaler and PodDisruptionBudget. */
export function kubernetesObjects(input: WorkloadInput): readonly ClusterObject[] {
  check(input);
  const { min, max } = input.replicas;
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata(input),
      spec: {
        // No `replicas`: they are the autoscaler's, and each apply would set them back.
        revisionHistoryLimit: 5,
        progressDeadlineSeconds: 300,
        selector: { matchLabels: selectorOf(input.name) },
        // A new pod must be ready before an old one goes: capacity never falls.
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        template: {
          metadata: {
            labels: labelsOf(input),
            annotations: {
              ...annotationsOf(input),
              'prometheus.io/path': '/metrics',
              'prometheus.io/port': String(REST_PORT),
            },
          },
          spec: {
            ...podSpec(input, 'gateway'),
            topologySpreadConstraints: [
              {
                maxSkew: 1,
                topologyKey: 'kubernetes.io/hostname',
                whenUnsatisfiable: 'ScheduleAnyway',
                labelSelector: { matchLabels: selectorOf(input.name) },
              },
            ],
          },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata(input),
      spec: {
        type: 'ClusterIP',
        selector: selectorOf(input.name),
        ports: [
          { name: 'rest', port: REST_PORT, targetPort: 'rest', protocol: 'TCP', appProtocol: 'http' },
          { name: 'grpc', port: GRPC_PORT, targetPort: 'grpc', protocol: 'TCP', appProtocol: 'kubernetes.io/h2c' },
        ],
      },
    },
    {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: metadata(input),
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: input.name },
        minReplicas: min,
        maxReplicas: max,
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
        ],
        // Load comes in seconds and goes in minutes: removing at once would add again at once.
        behavior: { scaleDown: { stabilizationWindowSeconds: 300 } },
      },
    },
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: metadata(input),
      spec: { maxUnavailable: 1, selector: { matchLabels: selectorOf(input.name) } },
    },
  ];
}

/** The same pod under KServe, which brings its own service, scaling and canary. `canaryPercent`: share of calls of this revision. */
export function inferenceService(input: WorkloadInput, canaryPercent: number | undefined): readonly ClusterObject[] {
  check(input);
  if (canaryPercent !== undefined && !(canaryPercent >= 0 && canaryPercent <= 100))
    refuse(`--canary ${canaryPercent} is not a share from 0 to 100`, '--canary', 'for example --canary 10');
  return [
    {
      apiVersion: 'serving.kserve.io/v1beta1',
      kind: 'InferenceService',
      metadata: metadata(input),
      spec: {
        predictor: {
          ...podSpec(input, 'kserve-container'),
          minReplicas: input.replicas.min,
          maxReplicas: input.replicas.max,
          scaleMetric: 'cpu',
          scaleTarget: 70,
          ...(canaryPercent === undefined ? {} : { canaryTrafficPercent: canaryPercent }),
        },
      },
    },
  ];
}
