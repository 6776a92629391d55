//! The shares at which a latency curve is kept: densely where requests are slow.

/// From the fastest to one in 100,000, as 1 - p gets smaller by a tenth of a decade or so.
pub(crate) const SHARES: [f64; 26] = [
    0.0, 0.1, 0.25, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.96, 0.97, 0.98, 0.99, 0.993, 0.995, 0.997,
    0.998, 0.999, 0.9995, 0.9998, 0.9999, 0.99995, 1.0,
];
