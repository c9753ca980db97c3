namespace Ingest.Core.Pool.Verify;

/// <summary>Something that is not as it should be, or (as a note) worth knowing.</summary>
/// <param name="Check">Short name of the check.</param>
/// <param name="IsError">False for a note.</param>
public sealed record Finding(string Check, bool IsError, string What);
