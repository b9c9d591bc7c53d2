/** What an error or close code means, in the bridge's own words (`/errors`). Names in it are marked with backticks. */
export interface CodeMeaning {
  readonly code: string;
  readonly means: string;
  readonly advice: string;
  readonly retryable: boolean;
}

/** Empty where the bridge cannot be asked: then the links to its pages are what there is. */
export async function loadCodes(publicUrl: string): Promise<ReadonlyMap<string, CodeMeaning>> {
  try {
    const response = await fetch(`${publicUrl}/errors`, { headers: { accept: 'application/json' } });
    const { errors } = (await response.json()) as { errors: CodeMeaning[] };
    return new Map(errors.map((meaning) => [meaning.code, meaning]));
  } catch {
    return new Map();
  }
}
