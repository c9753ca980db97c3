namespace Ingest.Core.Pool.Delta;

/// <summary>How we sign commits.</summary>
internal static class EngineInfo
{
    public static string Text { get; } = $"Ingest/{typeof(EngineInfo).Assembly.GetName().Version?.ToString(3)}";
}
