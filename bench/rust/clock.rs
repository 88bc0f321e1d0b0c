// CPU and elapsed time.
#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}
extern "C" {
    fn clock_gettime(clock: i32, time: *mut Timespec) -> i32;
}

pub const MONOTONIC: i32 = 1;
pub const PROCESS: i32 = 2;
#[allow(dead_code)] // one of the two uses it
pub const THREAD: i32 = 3;

pub fn nanoseconds(clock: i32) -> f64 {
    let mut now = Timespec { seconds: 0, nanoseconds: 0 };
    unsafe { clock_gettime(clock, &mut now) };
    now.seconds as f64 * 1e9 + now.nanoseconds as f64
}
