/** Who may do what. Permissions are named by verb; roles are fixed sets of them. */

export type Permission = 'read' | 'log' | 'run' | 'deploy' | 'predict' | 'follow' | 'admin' | 'public';
/** `gateway`: another machine's data plane; it gets the routes and the files of the models that they name, and nothing else. */
export type Role = 'viewer' | 'editor' | 'admin' | 'gateway';

export interface Principal {
  readonly name: string;
  readonly role: Role;
}

const GRANTS: Readonly<Record<Role, readonly Permission[]>> = {
  viewer: ['public', 'read', 'predict'],
  editor: ['public', 'read', 'predict', 'log', 'run', 'deploy'],
  admin: ['public', 'read', 'predict', 'log', 'run', 'deploy', 'follow', 'admin'],
  gateway: ['public', 'follow'],
};

export function may(principal: Principal, permission: Permission): boolean {
  return GRANTS[principal.role].includes(permission);
}

/** A bearer token, stored as a hash only. */
export interface Token {
  readonly id: string;
  readonly createdAt: number;
  readonly name: string;
  readonly role: Role;
  /** sha256 of the token's text; a token has 256 random bits, so a slow hash would add nothing. */
  readonly hash: string;
}

export interface AuditEntry {
  readonly id: string;
  readonly createdAt: number;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  /** `done`, or the code of the error it ended with. */
  readonly result?: string;
}
