/** The pod that serves a packaged image: the same in a Deployment and in a KServe InferenceService. */

export interface WorkloadInput {
  /** Name of the endpoint and of all objects. */
  readonly name: string;
  readonly namespace: string;
  readonly project: string;
  readonly model: string;
  readonly version: number;
  /** `registry.example/team/flights@sha256:…` */
  readonly image: string;
  /** What differs from the route in the image: endpoint's name, limits, log. */
  readonly route: Readonly<Record<string, unknown>>;
  readonly replicas: { readonly min: number; readonly max: number };
  readonly cpu: string;
  readonly memory: string;
  /** Secret with `tokens.json`: a list of sha256 (hex) of the tokens that may call. */
  readonly tokenSecret: string;
}

export const REST_PORT = 8080;
export const GRPC_PORT = 8081;
const STATE = '/var/lib/millwright';
const NODE = '/opt/millwright/node';
/** The user of the image. */
const USER = 65_532;

/**
 * Runs before the gateway: the image's root is read-only, so its state is copied to a volume; there the endpoint gets its name and
 * limits, and the tokens their place. The gateway then starts from its last route, as it does everywhere.
 */
export const PREPARE = `
const fs = require('node:fs');
const { FROM, TO, TOKENS, MW_ROUTE } = process.env;
fs.cpSync(FROM, TO, { recursive: true });
const path = TO + '/plane/routes.json';
const [route] = JSON.parse(fs.readFileSync(path, 'utf8'));
fs.writeFileSync(path, JSON.stringify([{ ...route, ...JSON.parse(MW_ROUTE) }]));
fs.copyFileSync(TOKENS + '/tokens.json', TO + '/plane/tokens.json');
`.trim();

/** Labels that never change: a Deployment's selector is immutable. */
export const selectorOf = (name: string): Record<string, string> => ({
  'app.kubernetes.io/name': 'millwright-endpoint',
  'app.kubernetes.io/instance': name,
});

export const labelsOf = (input: WorkloadInput): Record<string, string> => ({
  ...selectorOf(input.name),
  'app.kubernetes.io/managed-by': 'millwright',
  'app.kubernetes.io/version': String(input.version),
});

export const annotationsOf = (input: WorkloadInput): Record<string, string> => ({
  'millwright/project': input.project,
  'millwright/model': `${input.model}/${input.version}`,
});

/** The kubelet asks by the pod's address, which is no name the gateway answers to. */
const probe = (path: string) => ({
  httpGet: { path, port: 'rest', httpHeaders: [{ name: 'Host', value: 'localhost' }] },
});

const RESTRICTED = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};

/** Names under which callers in the cluster reach the service. */
function hostNames({ name, namespace }: WorkloadInput): readonly string[] {
  const service = `${name}.${namespace}`;
  return [name, service, `${service}.svc`, `${service}.svc.cluster.local`];
}

export function podSpec(input: WorkloadInput, containerName: string) {
  const { image, cpu, memory } = input;
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 45,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: USER,
      runAsGroup: USER,
      fsGroup: USER,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    initContainers: [
      {
        name: 'prepare',
        image,
        command: [NODE, '-e', PREPARE],
        env: [
          { name: 'FROM', value: STATE },
          { name: 'TO', value: '/state' },
          { name: 'TOKENS', value: '/tokens' },
          { name: 'MW_ROUTE', value: JSON.stringify(input.route) },
        ],
        resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '256Mi' } },
        securityContext: RESTRICTED,
        volumeMounts: [
          { name: 'state', mountPath: '/state' },
          { name: 'tokens', mountPath: '/tokens', readOnly: true },
        ],
      },
    ],
    containers: [
      {
        name: containerName,
        image,
        args: [
          '--home',
          STATE,
          '--host',
          '0.0.0.0',
          '--require-token',
          '--rest-port',
          String(REST_PORT),
          '--grpc-port',
          String(GRPC_PORT),
          ...hostNames(input).flatMap((name) => ['--allow-host', name]),
        ],
        ports: [
          { name: 'rest', containerPort: REST_PORT, protocol: 'TCP' },
          { name: 'grpc', containerPort: GRPC_PORT, protocol: 'TCP' },
        ],
        resources: { requests: { cpu, memory }, limits: { memory } },
        startupProbe: { ...probe('/v2/health/ready'), periodSeconds: 1, failureThreshold: 120 },
        readinessProbe: { ...probe('/v2/health/ready'), periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 2 },
        livenessProbe: { ...probe('/v2/health/live'), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
        // The endpoint's address is taken out of the service meanwhile; calls that come late are still answered.
        lifecycle: { preStop: { sleep: { seconds: 5 } } },
        securityContext: RESTRICTED,
        volumeMounts: [
          { name: 'state', mountPath: STATE },
          { name: 'tmp', mountPath: '/tmp' },
          { name: 'user', mountPath: '/home/millwright' },
        ],
      },
    ],
    volumes: [
      { name: 'state', emptyDir: { sizeLimit: '2Gi' } },
      { name: 'tmp', emptyDir: { sizeLimit: '256Mi' } },
      { name: 'user', emptyDir: { sizeLimit: '64Mi' } },
      { name: 'tokens', secret: { secretName: input.tokenSecret } },
    ],
  };
}
