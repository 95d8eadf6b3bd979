/**
 * Work on the database written once as a sequence of statements: an engine whose statements are function calls runs it in one go,
 * without giving way between them, and any other engine waits for each answer (runner.ts).
 */
export interface Step {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  /** It changes nothing. */
  readonly reads?: boolean;
}

export type Program<T> = Generator<Step, T, readonly unknown[]>;

/** The fast way of an engine in this process. */
export interface DirectAccess {
  /** One transaction a program, several programs a commit; durable when it resolves. What a program throws undoes that program alone. */
  write<T>(program: () => Program<T>): Promise<T>;
  /** Sees the last commit. */
  read<T>(program: () => Program<T>): T;
}

/** Rows of one statement. The caller says what they are: the statement is its own. */
export function* rows<R>(step: Step): Generator<Step, readonly R[], readonly unknown[]> {
  return (yield step) as readonly R[];
}

/** Runs every step with `answer`, which is a function call. */
export function runNow<T>(program: Program<T>, answer: (step: Step) => readonly unknown[]): T {
  let next = program.next();
  while (next.done !== true) {
    let found: readonly unknown[];
    try {
      found = answer(next.value);
    } catch (error) {
      // The program may know what the error means.
      next = program.throw(error);
      continue;
    }
    next = program.next(found);
  }
  return next.value;
}
