//! Python's `random.Random(seed).random()`, so that the dataset has the same bytes as the one other systems are measured with.
//!
//! It is the Mersenne Twister MT19937, seeded by an array as CPython does for an integer, with 53 bits per number.

const N: usize = 624;
const M: usize = 397;

/// The generator behind `random.random()`.
pub(crate) struct PythonRandom {
    state: [u32; N],
    at: usize,
}

impl PythonRandom {
    pub(crate) fn new(seed: u32) -> PythonRandom {
        let mut state = seeded(19_650_218);
        let (mut i, mut previous) = (1, state[0]);
        for _ in 0..N {
            // The key has one word, so its index is always 0.
            state[i] = (state[i] ^ mixed(previous).wrapping_mul(1_664_525)).wrapping_add(seed);
            (previous, i) = next_index(&mut state, i);
        }
        for _ in 1..N {
            let number = u32::try_from(i).unwrap_or_default();
            state[i] =
                (state[i] ^ mixed(previous).wrapping_mul(1_566_083_941)).wrapping_sub(number);
            (previous, i) = next_index(&mut state, i);
        }
        state[0] = 0x8000_0000;
        PythonRandom { state, at: N }
    }

    /// The next number in `0.0..1.0`.
    pub(crate) fn next(&mut self) -> f64 {
        let (high, low) = (self.word() >> 5, self.word() >> 6);
        (f64::from(high) * 67_108_864.0 + f64::from(low)) / 9_007_199_254_740_992.0
    }

    /// The next whole number in `0..n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() * n as f64) as usize
    }

    fn word(&mut self) -> u32 {
        if self.at == N {
            self.twist();
        }
        let mut y = self.state[self.at];
        self.at += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    fn twist(&mut self) {
        for i in 0..N {
            let y = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % N] & 0x7fff_ffff);
            let odd = if y & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[i] = self.state[(i + M) % N] ^ (y >> 1) ^ odd;
        }
        self.at = 0;
    }
}

fn seeded(seed: u32) -> [u32; N] {
    let mut state = [seed; N];
    for i in 1..N {
        let number = u32::try_from(i).unwrap_or_default();
        state[i] = mixed(state[i - 1])
            .wrapping_mul(1_812_433_253)
            .wrapping_add(number);
    }
    state
}

fn mixed(word: u32) -> u32 {
    word ^ (word >> 30)
}

/// Steps on from index `i`; the last word is carried over to the first at the end.
fn next_index(state: &mut [u32; N], i: usize) -> (u32, usize) {
    if i + 1 < N {
        return (state[i], i + 1);
    }
    state[0] = state[N - 1];
    (state[0], 1)
}
