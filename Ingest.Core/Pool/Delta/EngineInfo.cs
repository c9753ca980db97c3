namespace Ingest.Core.Pool.Delta;

/// <summary>How we sign commits.</summary>
internal static class EngineInfo
{
    /// <summary>What all our versions begin with.</summary>
    public const string Name = "Ingest/";

    public static string Text { get; } = $"{Name}{typeof(EngineInfo).Assembly.GetName().Version?.ToString(3)}";
}
