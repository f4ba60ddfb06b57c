/** Takes a value of exactly this type; for the compiler alone. */
export function equal<Expected>(): <Given>(given: Given & Exactly<Given, Expected>) => void {
  return () => undefined;
}

type Exactly<Given, Expected> =
  (<T>() => T extends Given ? 1 : 2) extends <T>() => T extends Expected ? 1 : 2 ? unknown : never;
