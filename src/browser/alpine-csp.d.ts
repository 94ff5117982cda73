// The parts of Alpine's CSP build that we use; it comes without types.
declare module "@alpinejs/csp" {
  interface Alpine {
    /** Names a component, for `x-data`. */
    data(name: string, component: () => object): void;
    start(): void;
  }
  const alpine: Alpine;
  export default alpine;
}
