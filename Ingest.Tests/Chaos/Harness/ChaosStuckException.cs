namespace Ingest.Tests.Chaos.Harness;

/// <summary>Something did not happen in its time; the message says what was waited for, and how things stood.</summary>
internal sealed class ChaosStuckException(string message, Exception? inner = null) : Exception(message, inner);
