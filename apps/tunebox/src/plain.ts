/**
 * Text of other people, as it may be written to a terminal: without what would move the cursor, change colours, or turn the
 * reading direction of what comes after it. Lines stay.
 */
export function plain(text: string): string {
  return (
    text
      .replace(/\r\n?|[\u2028\u2029]/g, '\n')
      .replace(/\t/g, ' ')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
      .replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
  );
}

/** The same in one line. */
export function oneLine(text: string): string {
  return plain(text).replaceAll('\n', ' ');
}
