/** A table as Markdown, a line each: its head, the line below it, its rows. */
type Cells = readonly (string | number)[];

export function markdownTable(head: Cells, rows: readonly Cells[]): string[] {
  const line = (cells: Cells): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}
