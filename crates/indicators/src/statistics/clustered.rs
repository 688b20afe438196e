//! Ratios whose observations come in clusters: the stays of a person, the bed-days of a unit. Observations of a cluster
//! are more alike than others, so that there is less to learn from each than their number says.
//!
//! The ratio of two sums over clusters, with its linearised variance: Cochran, Sampling Techniques, 3rd ed. 1977,
//! section 6.3, clusters taken as drawn with replacement; Williams, A note on robust variance estimation for
//! cluster-correlated data, Biometrics 2000;56:645–646. Quantiles are Student's with as many degrees of freedom as
//! there are clusters, less one (Korn and Graubard, American Statistician 1990;44:270–276).
//!
//! [`Clusters`] keeps sums of squares and products of whole numbers, so that a cluster can be taken out again exactly,
//! and the variance does not depend on the order in which clusters came.

use super::special;
use super::{Estimate, Level, Undefined, count, proportion};

/// Sums over clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Clusters {
    clusters: u64,
    numerator: u64,
    denominator: u64,
    squares: u128,
    products: u128,
    denominator_squares: u128,
}

/// A figure of clusters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clustered {
    /// The ratio with its interval.
    pub estimate: Estimate,
    /// How many times the variance is what it would be if the observations did not depend on each other; `None` where
    /// that is 0.
    pub design_effect: Option<f64>,
    /// How many clusters it rests on.
    pub clusters: u64,
}

impl Clusters {
    /// Clusters by how many there are, Σy and Σx, and Σy², Σxy and Σx², with y the numerator of a cluster and x its
    /// denominator: what was added up elsewhere.
    pub fn of_sums(clusters: u64, [numerator, denominator]: [u64; 2], products: [u64; 3]) -> Self {
        let [squares, products, denominator_squares] = products.map(u128::from);
        Self {
            clusters,
            numerator,
            denominator,
            squares,
            products,
            denominator_squares,
        }
    }

    /// Adds a cluster; one without anything is none.
    pub fn add(&mut self, numerator: u64, denominator: u64) {
        if numerator == 0 && denominator == 0 {
            return;
        }
        self.clusters = self.clusters.saturating_add(1);
        self.numerator = self.numerator.saturating_add(numerator);
        self.denominator = self.denominator.saturating_add(denominator);
        self.squares = self.squares.saturating_add(product(numerator, numerator));
        self.products = self.products.saturating_add(product(numerator, denominator));
        self.denominator_squares = self
            .denominator_squares
            .saturating_add(product(denominator, denominator));
    }

    /// Takes out a cluster that was added.
    pub fn take_out(&mut self, numerator: u64, denominator: u64) {
        if numerator == 0 && denominator == 0 {
            return;
        }
        self.clusters = self.clusters.saturating_sub(1);
        self.numerator = self.numerator.saturating_sub(numerator);
        self.denominator = self.denominator.saturating_sub(denominator);
        self.squares = self.squares.saturating_sub(product(numerator, numerator));
        self.products = self.products.saturating_sub(product(numerator, denominator));
        self.denominator_squares = self
            .denominator_squares
            .saturating_sub(product(denominator, denominator));
    }

    /// How many clusters.
    pub fn len(&self) -> u64 {
        self.clusters
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.clusters == 0
    }

    /// The proportion, each numerator a part of its denominator: Wilson's interval at the effective number of
    /// observations (Dean and Pagano, Journal of Survey Statistics and Methodology 2015;3:484–503). The design effect
    /// is taken as at least 1. Where no observation or every one is a success it is not known: then each cluster is
    /// taken as one observation, as if all of a cluster always said the same.
    ///
    /// # Errors
    /// When there is no denominator, or fewer than two clusters, or a number is out of range.
    pub fn proportion(&self, level: Level) -> Result<Clustered, Undefined> {
        let ratio = self.ratio()?;
        if self.numerator > self.denominator {
            return Err(Undefined::NumeratorTooLarge);
        }
        let simple = ratio * (1.0 - ratio) / self.denominator as f64;
        let (size, design_effect) = if simple > 0.0 {
            let effect = self.variance(ratio)? / simple;
            (self.denominator as f64 / effect.max(1.0), Some(effect))
        } else {
            (self.clusters as f64, None)
        };
        Ok(Clustered {
            estimate: proportion::score(ratio, size, self.quantile(level)?)?,
            design_effect,
            clusters: self.clusters,
        })
    }

    /// The rate of the numerator per unit of the denominator: symmetric on the logarithmic scale, so never below 0.
    /// The design effect is against a Poisson variable.
    ///
    /// # Errors
    /// When there is no denominator, fewer than two clusters, no difference between them (so too when nothing was
    /// counted in any), or a number is out of range.
    pub fn rate(&self, level: Level) -> Result<Clustered, Undefined> {
        let ratio = self.ratio()?;
        let quantile = self.quantile(level)?;
        let variance = self.variance(ratio)?;
        if variance <= 0.0 || ratio <= 0.0 {
            return Err(Undefined::NoVariation);
        }
        let factor = (quantile * variance.sqrt() / ratio).exp();
        Ok(Clustered {
            estimate: Estimate::computed(ratio, ratio / factor, ratio * factor)?,
            design_effect: Some(variance * self.denominator as f64 / ratio),
            clusters: self.clusters,
        })
    }

    fn ratio(&self) -> Result<f64, Undefined> {
        match self.denominator {
            0 => Err(Undefined::NoDenominator),
            u64::MAX => Err(Undefined::OutOfRange),
            _ if self.clusters < 2 => Err(Undefined::TooFewClusters),
            denominator => Ok(self.numerator as f64 / denominator as f64),
        }
    }

    fn quantile(&self, level: Level) -> Result<f64, Undefined> {
        let freedom = self.clusters.saturating_sub(1);
        special::student(freedom, count::upper_tail(level)).ok_or(Undefined::OutOfRange)
    }

    /// The linearised variance. With Y and X the sums, Σ(y − x·Y/X)² is (X²Σy² − 2XYΣxy + Y²Σx²) / X², whose numerator
    /// is a whole number and is computed as one.
    fn variance(&self, ratio: f64) -> Result<f64, Undefined> {
        let (y, x) = (u128::from(self.numerator), u128::from(self.denominator));
        let whole = || {
            let plus = x.checked_mul(x)?.checked_mul(self.squares)?;
            let plus = plus.checked_add(y.checked_mul(y)?.checked_mul(self.denominator_squares)?)?;
            let minus = x.checked_mul(y)?.checked_mul(self.products)?.checked_mul(2)?;
            plus.checked_sub(minus)
        };
        let whole = whole().ok_or(Undefined::OutOfRange)? as f64;
        let (x, m) = (self.denominator as f64, self.clusters as f64);
        let variance = m / (m - 1.0) * whole / x.powi(4);
        if variance.is_finite() && ratio.is_finite() {
            Ok(variance)
        } else {
            Err(Undefined::OutOfRange)
        }
    }
}

impl Extend<(u64, u64)> for Clusters {
    fn extend<I: IntoIterator<Item = (u64, u64)>>(&mut self, clusters: I) {
        for (numerator, denominator) in clusters {
            self.add(numerator, denominator);
        }
    }
}

impl FromIterator<(u64, u64)> for Clusters {
    fn from_iter<I: IntoIterator<Item = (u64, u64)>>(clusters: I) -> Self {
        let mut sums = Self::default();
        sums.extend(clusters);
        sums
    }
}

fn product(a: u64, b: u64) -> u128 {
    u128::from(a) * u128::from(b)
}
