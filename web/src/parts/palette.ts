/** Okabe and Ito's palette, told apart by colour-blind readers too. */
export const PALETTE = ['#009E73', '#0072B2', '#E69F00', '#CC79A7', '#56B4E9', '#D55E00', '#F0E442', '#999999']
