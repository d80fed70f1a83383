import ArgumentParser
import Crypto
import Hummingbird
import ServiceLifecycle

print("x")
