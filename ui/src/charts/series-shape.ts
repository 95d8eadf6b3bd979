/** Marks that tell categories apart without their colour. */
export type SeriesShape = 'dot' | 'square' | 'triangle' | 'diamond' | 'ring' | 'cross';
