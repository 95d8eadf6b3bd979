/** A coded error of the server (or of the connection), as it is shown. */
export class ApiProblem extends Error {
  readonly code: string;
  readonly where: string | undefined;
  readonly next: string | undefined;
  readonly status: number;

  constructor(status: number, body: unknown) {
    const error =
      typeof body === 'object' && body !== null && 'error' in body
        ? (body as { error: Record<string, unknown> }).error
        : {};
    const text = (key: string): string | undefined => (typeof error[key] === 'string' ? error[key] : undefined);
    super(text('message') ?? `HTTP ${status}`);
    this.name = 'ApiProblem';
    this.status = status;
    this.code = text('code') ?? 'MW-UNAVAILABLE';
    this.where = text('where');
    this.next = text('next');
  }
}
