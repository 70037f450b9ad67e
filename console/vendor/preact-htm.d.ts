// The part of Preact and htm that the console uses.
export class Component {
  props: any;
  state: any;
  setState(state: object): void;
  render(props: any): unknown;
}
export function html(strings: TemplateStringsArray, ...values: unknown[]): unknown;
export function render(tree: unknown, parent: Element): void;
