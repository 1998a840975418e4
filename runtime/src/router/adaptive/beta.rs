//! Draws from beta distributions.

use fastrand::Rng;

/// Draws from the beta distribution with these parameters, both of which are 1 at least: of two gamma variates, the first
/// one's share in their sum.
pub(super) fn beta(rng: &mut Rng, a: f64, b: f64) -> f64 {
    let (x, y) = (gamma(rng, a), gamma(rng, b));
    x / (x + y)
}

/// Draws from the gamma distribution with a shape of 1 at least and a scale of 1, after Marsaglia and Tsang, "A simple
/// method for generating gamma variables" (2000). More than nine draws of ten are taken at once.
fn gamma(rng: &mut Rng, shape: f64) -> f64 {
    let shifted = shape - 1.0 / 3.0;
    let scale = 1.0 / (9.0 * shifted).sqrt();
    loop {
        let x = normal(rng);
        let cube = (1.0 + scale * x).powi(3);
        if cube <= 0.0 {
            continue;
        }
        let even = rng.f64();
        if even < 1.0 - 0.0331 * x.powi(4) || even.ln() < 0.5 * x * x + shifted * (1.0 - cube + cube.ln()) {
            return shifted * cube;
        }
    }
}

/// Draws from the standard normal distribution, by Marsaglia's polar method.
fn normal(rng: &mut Rng) -> f64 {
    loop {
        let (x, y) = (2.0 * rng.f64() - 1.0, 2.0 * rng.f64() - 1.0);
        let square = x * x + y * y;
        if square > 0.0 && square < 1.0 {
            return x * (-2.0 * square.ln() / square).sqrt();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_mean_and_the_variance_of_the_distribution() {
        let mut rng = Rng::with_seed(7);
        for (a, b) in [(1.0, 1.0), (1.0, 9.0), (2.5, 1.0), (40.0, 3.0), (500.0, 500.0)] {
            let draws: Vec<f64> = (0..40_000).map(|_| beta(&mut rng, a, b)).collect();
            assert!(draws.iter().all(|draw| (0.0..=1.0).contains(draw)));
            let mean = draws.iter().sum::<f64>() / 40_000.0;
            let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / 40_000.0;
            let (own_mean, own_variance) = (a / (a + b), a * b / ((a + b).powi(2) * (a + b + 1.0)));
            assert!((mean - own_mean).abs() < 4.0 * (own_variance / 40_000.0).sqrt(), "{a} {b}: {mean}");
            assert!((variance / own_variance - 1.0).abs() < 0.05, "{a} {b}: {variance}");
        }
    }
}
