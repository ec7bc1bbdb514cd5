/**
 * The polynomial of CRC-32 as in zip and PNG (ISO 3309), and in `node:zlib`: bits are reflected,
 * the highest one stands for x^0, and that of x^32 is left out.
 */
export const POLYNOMIAL = 0xedb88320;
