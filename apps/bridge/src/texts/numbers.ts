/** The words for one, and for others, as the language has them (Intl.PluralRules). */
type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

/** How a language counts. */
export function numbersIn(locale: string) {
  const rules = new Intl.PluralRules(locale);
  const number = new Intl.NumberFormat(locale);
  const plural = (count: number, forms: Forms): string => forms[rules.select(count)] ?? forms.other;
  return {
    number: (count: number): string => number.format(count),
    plural,
    /** 1 message; 2,000 messages */
    counted: (count: number, forms: Forms): string => `${number.format(count)} ${plural(count, forms)}`,
  };
}
