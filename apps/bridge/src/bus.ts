/** The injection token of the process's `Bus`. */
export const BUS = Symbol('Bus');
