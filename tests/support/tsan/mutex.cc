// SPDX-License-Identifier: Apache-2.0
// Shows ThreadSanitizer the order that absl's locks make. Debian's Abseil is not
// instrumented, so its atomics are invisible and every guarded member would look like a
// race. Linked in the tsan preset only, with -Wl,--wrap=NAME for each __wrap_NAME below.
extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);

#define RAPPORT_AFTER(name)        \
  void __real_##name(void* lock);  \
  void __wrap_##name(void* lock) { \
    __real_##name(lock);           \
    __tsan_acquire(lock);          \
  }
#define RAPPORT_BEFORE(name)       \
  void __real_##name(void* lock);  \
  void __wrap_##name(void* lock) { \
    __tsan_release(lock);          \
    __real_##name(lock);           \
  }
#define RAPPORT_AROUND(name)                       \
  void __real_##name(void* lock, void* argument);  \
  void __wrap_##name(void* lock, void* argument) { \
    __tsan_release(lock);                          \
    __real_##name(lock, argument);                 \
    __tsan_acquire(lock);                          \
  }

RAPPORT_AFTER(_ZN4absl7debian35Mutex4LockEv)
RAPPORT_BEFORE(_ZN4absl7debian35Mutex6UnlockEv)
RAPPORT_AFTER(_ZN4absl7debian35Mutex10ReaderLockEv)
RAPPORT_BEFORE(_ZN4absl7debian35Mutex12ReaderUnlockEv)
RAPPORT_AROUND(_ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE)
RAPPORT_BEFORE(_ZN4absl7debian312Notification6NotifyEv)
RAPPORT_AFTER(_ZNK4absl7debian312Notification19WaitForNotificationEv)
}
