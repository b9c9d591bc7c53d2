/** What keeps the bridge from starting; `message` is one clear line for the operator. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
