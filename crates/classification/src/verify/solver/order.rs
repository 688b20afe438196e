//! The order in which the search tries variables: those that conflicts were about come first. Knows no clauses.

/// Activity at which all are scaled down.
const ACTIVITY_MAX: f64 = 1e100;

/// The variables by activity: a binary heap, with the place of each.
#[derive(Debug, Clone)]
pub(super) struct Order {
    heap: Vec<usize>,
    places: Vec<Option<usize>>,
    activity: Vec<f64>,
    step: f64,
}

impl Default for Order {
    fn default() -> Self {
        Self {
            heap: Vec::new(),
            places: Vec::new(),
            activity: Vec::new(),
            step: 1.0,
        }
    }
}

impl Order {
    pub(super) fn add(&mut self) {
        self.places.push(None);
        self.activity.push(0.0);
        self.put(self.activity.len() - 1);
    }

    pub(super) fn put(&mut self, variable: usize) {
        if self.places[variable].is_none() {
            self.places[variable] = Some(self.heap.len());
            self.heap.push(variable);
            self.up(self.heap.len() - 1);
        }
    }

    pub(super) fn take(&mut self) -> Option<usize> {
        let last = self.heap.len().checked_sub(1)?;
        self.heap.swap(0, last);
        let first = self.heap.pop()?;
        self.places[first] = None;
        if let Some(moved) = self.heap.first() {
            self.places[*moved] = Some(0);
            self.down();
        }
        Some(first)
    }

    pub(super) fn raise(&mut self, variable: usize) {
        self.activity[variable] += self.step;
        if self.activity[variable] > ACTIVITY_MAX {
            for activity in &mut self.activity {
                *activity /= ACTIVITY_MAX;
            }
            self.step /= ACTIVITY_MAX;
        }
        if let Some(place) = self.places[variable] {
            self.up(place);
        }
    }

    pub(super) fn decay(&mut self) {
        self.step /= 0.95;
    }

    /// Whether one comes before another: the more active, then the earlier.
    fn before(&self, one: usize, other: usize) -> bool {
        let (one, other) = (self.heap[one], self.heap[other]);
        self.activity[one] > self.activity[other]
            || (self.activity[one] == self.activity[other] && one < other)
    }

    fn swap(&mut self, one: usize, other: usize) {
        self.heap.swap(one, other);
        self.places[self.heap[one]] = Some(one);
        self.places[self.heap[other]] = Some(other);
    }

    fn up(&mut self, mut at: usize) {
        while at > 0 && self.before(at, (at - 1) / 2) {
            self.swap(at, (at - 1) / 2);
            at = (at - 1) / 2;
        }
    }

    fn down(&mut self) {
        let mut at = 0;
        loop {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            let mut first = at;
            if left < self.heap.len() && self.before(left, first) {
                first = left;
            }
            if right < self.heap.len() && self.before(right, first) {
                first = right;
            }
            if first == at {
                return;
            }
            self.swap(at, first);
            at = first;
        }
    }
}
