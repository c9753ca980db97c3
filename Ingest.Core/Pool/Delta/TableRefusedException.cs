namespace Ingest.Core.Pool.Delta;

/// <summary>A table is not what its contract says, or needs what we do not support. The message says what, and how to go on.</summary>
public sealed class TableRefusedException(string message) : Exception(message);
