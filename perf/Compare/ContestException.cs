namespace Ingest.Perf.Compare;

/// <summary>A contender failed, or what it made is wrong: there is no figure to report.</summary>
internal sealed class ContestException(string message) : Exception(message);
