namespace Ingest.Perf.Compare;

/// <summary>Somebody who turns a workload into whatever he makes of it, in a process of his own.</summary>
internal interface IContender
{
    string Name { get; }

    /// <summary>What it does, in one line of the report.</summary>
    string What { get; }

    /// <summary>Runs once, from the start of the process to its end, and checks what came of it.</summary>
    /// <exception cref="ContestException">It failed, or its result is wrong.</exception>
    Task<Measurement> RunAsync(Stage stage, CancellationToken cancellation);
}
