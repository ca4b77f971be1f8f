// SPDX-License-Identifier: Apache-2.0

package transport

// RetryAfter is the parser of the headers with which a server asks for a delay.
var RetryAfter = retryAfter
