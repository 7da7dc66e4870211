import { z } from "zod";

const dollars = z.number().nonnegative();
/** US dollars per million tokens. */
export const PriceSchema = z.strictObject({
  input: dollars,
  output: dollars,
  cachedInput: dollars.optional().describe("Of input that the provider had cached; default: as input."),
});
export type Price = z.infer<typeof PriceSchema>;

/** Prices by model id, or by the part of it that names the model; `reported`: each call's response says its cost. */
export const PricesSchema = z.record(z.string().min(1), z.union([PriceSchema, z.literal("reported")]));
export type Prices = z.infer<typeof PricesSchema>;

/** Where the price of a model's calls came from, for the manifest. */
export const PriceSourceSchema = z.strictObject({
  from: z.enum(["provider", "settings", "table", "local", "unknown"]),
  perMillion: PriceSchema.optional(),
  /** Version of the table. */
  table: z.string().optional(),
});
export type PriceSource = z.infer<typeof PriceSourceSchema>;
