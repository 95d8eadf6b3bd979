/** Rows as RFC 4180 has them; what is nothing is an empty field. */
type CsvCell = string | number | boolean | null | undefined;

function field(cell: CsvCell): string {
  const text = cell === null || cell === undefined ? '' : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export const csvLine = (cells: readonly CsvCell[]): string => cells.map(field).join(',');
