/** Tokens and the audit. */
import { z } from 'zod';

const role = z.enum(['viewer', 'editor', 'admin', 'gateway']);

const token = z
  .object({ id: z.string(), name: z.string(), role, createdAt: z.number() })
  .meta({ id: 'Token', description: 'Who may use this server. The text is shown once, when it is made.' });

export const tokenRequest = z
  .object({ name: z.string().min(1).max(63), role: role.optional().describe('default: viewer') })
  .meta({ id: 'TokenRequest' });

export const tokenResponse = z
  .object({ token, text: z.string().describe('the token itself; it is not kept and cannot be shown again') })
  .meta({ id: 'TokenResponse' });

export const tokensResponse = z
  .object({ tokens: z.array(token), required: z.boolean().describe('false: this server asks for none') })
  .meta({ id: 'TokensResponse' });

const auditEntry = z
  .object({
    id: z.string(),
    at: z.number(),
    actor: z.string(),
    action: z.string(),
    subject: z.string(),
    result: z.string().describe('done, or the code of the error'),
  })
  .meta({ id: 'AuditEntry' });

export const auditResponse = z.object({ entries: z.array(auditEntry) }).meta({ id: 'AuditResponse' });
