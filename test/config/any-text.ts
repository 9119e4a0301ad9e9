// Texts no reader may fail on: any UTF-16 units, also halves of pairs and controls.
import fc from 'fast-check';

export const anyText: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.nat(0x7f), fc.nat(0xffff)), { maxLength: 60 })
  .map((units) => String.fromCharCode(...units));
